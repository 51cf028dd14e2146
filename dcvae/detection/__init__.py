"""Detection"""
