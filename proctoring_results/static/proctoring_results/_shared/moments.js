// For pages of a host that show times by the tag proctoring_moment: in the viewer's zone, with UTC beside it.

import { localise } from "./live.js";

localise(document);
