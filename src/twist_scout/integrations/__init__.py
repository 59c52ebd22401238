"""This package inside other people's tools."""
