from proctoring_results.lms import NullLMS


class MyLMS(NullLMS):
    def course_name(self, course_id):
        return f"The course {course_id}"

    def exam_url(self, course_id, content_id):
        return f"https://lms.example/courses/{course_id}/exams/{content_id}/"
