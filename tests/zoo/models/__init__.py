"""Test-only models, one for each way of training that the shipped ones do not take."""
