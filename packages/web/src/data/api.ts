import { createClient } from '@fovea/api';

/** The API of the server this page came from. */
export const api = createClient();
