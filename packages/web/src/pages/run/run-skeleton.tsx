/** A run's page before the run is there, at the sizes it will have. */
export function RunSkeleton() {
  return (
    <div className="space-y-4 px-6 max-md:px-4" aria-busy="true">
      <div className="panel h-48 max-md:h-72" />
      <div className="grid gap-4 xl:grid-cols-2">
        <div className="space-y-4">
          <div className="panel h-[19rem]" />
          <div className="panel h-[19rem]" />
        </div>
        <div className="panel h-[39rem]" />
      </div>
    </div>
  );
}
