"""The verdict code tried on made-up studies whose truth is known: how often is it wrong, and by how much?"""
