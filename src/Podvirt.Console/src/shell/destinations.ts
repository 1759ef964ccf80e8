import { CompareIcon, GpuIcon, KeyIcon, MembersIcon, ServerlessIcon, UsageIcon } from './icons';

/** What the navigation leads to, in its order. */
export const destinations = [
  { path: '/inference/serverless', label: 'Serverless', icon: ServerlessIcon, adminOnly: false },
  { path: '/inference/compare', label: 'Compare', icon: CompareIcon, adminOnly: false },
  { path: '/inference/gpu-dashboard', label: 'GPU Dashboard', icon: GpuIcon, adminOnly: false },
  { path: '/inference/api-keys', label: 'API Keys', icon: KeyIcon, adminOnly: false },
  { path: '/inference/usage', label: 'Usage Analytics', icon: UsageIcon, adminOnly: false },
  { path: '/inference/members', label: 'Members', icon: MembersIcon, adminOnly: true },
] as const;
