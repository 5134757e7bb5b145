"""A Stream API that behaves as documented and shows what Sitecore hides.

It is written from the published rules alone and shares no code with what it tests: an error
that both sides make in the same way would otherwise never show.
"""
