import { isIP } from 'node:net';

/**
 * True for addresses that only this machine can reach.
 *
 * @param host a name or an address, IPv6 without brackets
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (isIP(name) === 4) return name.startsWith('127.');
  return isIP(name) === 6 && /^(::1|0*(:0*){6}:0*1|::ffff:127\.\d+\.\d+\.\d+)$/.test(name);
}
