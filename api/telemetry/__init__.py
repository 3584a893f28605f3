"""What a serving process tells about itself: metrics, logs, traces."""
