"""What review is about, without a file or a screen: who is asked, what decisions add up to, how far people agree."""
