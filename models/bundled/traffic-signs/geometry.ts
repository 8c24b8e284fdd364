/**
 * Flat shapes made of points, so that a sign can be turned in space: SVG itself knows only affine transforms.
 * Sign coordinates run from -1 to 1, y downwards. Curves are flattened; there is no text, because a machine may have
 * no fonts.
 */

export type Point = readonly [x: number, y: number];

export type Paint = 'red' | 'white' | 'blue' | 'yellow' | 'black' | 'rim';

export type Shape =
  | { readonly kind: 'area'; readonly points: readonly Point[]; readonly paint: Paint }
  | {
      readonly kind: 'line';
      readonly points: readonly Point[];
      readonly width: number;
      readonly cap: 'round' | 'butt';
      readonly paint: Paint;
    };

const POINTS_PER_TURN = 48;

/** Points of an elliptic arc, angles in degrees, clockwise on the screen, 0 to the right. */
export function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = Math.max(2, Math.ceil((Math.abs(to - from) / 360) * POINTS_PER_TURN));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
}

export function disc(cx: number, cy: number, radius: number): Point[] {
  return arc(cx, cy, radius, radius, 0, 360);
}

/** A regular polygon with rounded corners; `turn` in degrees is where its first corner points. */
export function polygon(corners: number, radius: number, turn: number, rounding: number): Point[] {
  const inner = radius - rounding / Math.cos(Math.PI / corners);
  return Array.from({ length: corners }, (_, corner) => {
    const direction = turn + (corner * 360) / corners;
    const [cx, cy] = onCircle(inner, direction);
    return arc(cx, cy, rounding, rounding, direction - 180 / corners, direction + 180 / corners);
  }).flat();
}

export function box(left: number, top: number, right: number, bottom: number): Point[] {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** The tip of an arrow: `at` is the middle of its base, `direction` in degrees where it points. */
export function arrowHead(at: Point, direction: number, length: number, halfWidth: number): Point[] {
  const [dx, dy] = onCircle(1, direction);
  return [
    [at[0] - dy * halfWidth, at[1] + dx * halfWidth],
    [at[0] + dx * length, at[1] + dy * length],
    [at[0] + dy * halfWidth, at[1] - dx * halfWidth],
  ];
}

export function onCircle(radius: number, direction: number): Point {
  const angle = (direction * Math.PI) / 180;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

export function move(points: readonly Point[], dx: number, dy: number): Point[] {
  return points.map(([x, y]) => [x + dx, y + dy]);
}

/** Where a sign hangs in the image, in pixels, and how it is turned, in degrees. */
export interface Pose {
  readonly cx: number;
  readonly cy: number;
  readonly radius: number;
  readonly roll: number;
  readonly yaw: number;
  readonly pitch: number;
  /** Of the camera, in sign radii: near ones distort more. */
  readonly distance: number;
}

/** Turns a point of the sign in space and projects it to the image's pixels. */
export function project([x, y]: Point, pose: Pose): Point {
  const [rollCos, rollSin] = onCircle(1, pose.roll);
  const [yawCos, yawSin] = onCircle(1, pose.yaw);
  const [pitchCos, pitchSin] = onCircle(1, pose.pitch);
  const x1 = x * rollCos - y * rollSin;
  const y1 = x * rollSin + y * rollCos;
  const x2 = x1 * yawCos;
  const z2 = x1 * yawSin;
  const y3 = y1 * pitchCos - z2 * pitchSin;
  const z3 = y1 * pitchSin + z2 * pitchCos;
  const scale = (pose.radius * pose.distance) / (pose.distance + z3);
  return [pose.cx + x2 * scale, pose.cy + y3 * scale];
}

/** The data of an SVG path through the points. */
export function pathData(points: readonly Point[], closed: boolean): string {
  const steps = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`);
  return steps.join('') + (closed ? 'Z' : '');
}
