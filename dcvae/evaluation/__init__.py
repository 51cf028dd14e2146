"""Evaluation"""
