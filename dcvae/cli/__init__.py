"""Command line"""
