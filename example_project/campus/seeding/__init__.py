"""What ``seed_demo`` writes: believable people, exams and histories, in bulk."""
