/** The version, set when the agent is compiled (scripts/build-agent). */
export const AGENT_VERSION = process.env['KAIROS_AGENT_VERSION'] ?? 'development';
