"""Small projects of many shapes, each started as a process and walked over HTTP."""
