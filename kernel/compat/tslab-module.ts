/** The kernel resolves "tslab" to this file, whether or not the notebook's folder has the real package. */
import { installedTslab, type Tslab } from "./tslab.ts";

const tslab: Tslab = installedTslab();
export const versions: Tslab["versions"] = tslab.versions;
export const display: Tslab["display"] = tslab.display;
export const newDisplay: Tslab["newDisplay"] = tslab.newDisplay;
export default tslab;
