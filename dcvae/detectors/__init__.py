"""Detectors"""
