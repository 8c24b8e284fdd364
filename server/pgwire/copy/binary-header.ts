/** What a file of COPY's binary format begins with. */

export const binarySignature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** The signature, no flags, no extension. */
export const binaryHeader = Buffer.concat([binarySignature, Buffer.alloc(8)]);
