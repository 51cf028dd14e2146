"""Storage"""
