"""The assembler's core: what a guest did, and what Sitecore is owed for it."""
