import { Boxes, Images, ListTree, type LucideIcon, TrendingUp } from 'lucide-react';

/** The sections of a project that exist, in the order of the work. */
export const sections = [
  { key: 'data', to: '/projects/$project/data', icon: Images },
  { key: 'runs', to: '/projects/$project/runs', icon: TrendingUp },
  { key: 'models', to: '/projects/$project/models', icon: Boxes },
] as const satisfies readonly { key: string; to: string; icon: LucideIcon }[];

export const jobsSection = { key: 'jobs', to: '/jobs', icon: ListTree } as const;
