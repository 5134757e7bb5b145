"""A Stream API that behaves as documented and shows what Sitecore hides."""
