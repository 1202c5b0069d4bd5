import type { JsonObject } from '../../base/json.ts';
import type { Principal } from '../../model/principal.ts';

/** One requested tool use, as a door hands it over. `principal` was authenticated by the door. */
export interface CallRequest {
  readonly principal: Principal;
  readonly runId: string;
  /** `server/tool`, as the model's choice was resolved by the door. */
  readonly tool: string;
  /** Whatever the model sent. */
  readonly arguments: unknown;
  /** The approval this call is a retry for. The stored call is executed, so the arguments must be the same. */
  readonly approvalId?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JsonObject) => void;
  /** Protocol metadata to pass to the tool's server. Never credentials. */
  readonly meta?: JsonObject;
}
