"""Scoring"""
