/** The mark: an eye, and the fovea in it, where it sees sharpest. */
export function Logo({ className = 'size-6' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <path
        d="M3 16c3.300-6.300 7.700-9.500 13-9.500s9.700 3.200 13 9.500c-3.300 6.300-7.700 9.500-13 9.500s-9.700-3.200-13-9.500Z"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.250"
        strokeLinejoin="round"
      />
      <circle cx="16" cy="16" r="4.500" fill="var(--accent)" />
    </svg>
  );
}
