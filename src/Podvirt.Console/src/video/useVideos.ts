import { useInfiniteQuery, useMutation, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { isUnfinished, type VideoJob } from './job';
import { createVideo, deleteVideo, listVideos, type VideoList } from './requests';

/** While a video is being made the list is asked for this often, else now and then: another tab or a program may have begun one. */
const runningMs = 2_000;
const idleMs = 15_000;

type Pages = InfiniteData<VideoList, string | null>;

const listKey = (project: string, model: string) => ['videos', project, model] as const;

/** The videos that a project had made by a model, newest first. Nothing is asked while the page is hidden. */
export function useVideos(project: string, model: string) {
  return useInfiniteQuery({
    queryKey: listKey(project, model),
    queryFn: ({ pageParam, signal }) => listVideos(project, model, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.has_more ? page.last_id : null),
    select: (list) => list.pages.flatMap((page) => page.data),
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isUnfinished)) ? runningMs : idleMs),
    refetchOnWindowFocus: true,
  });
}

/** Changes of the list, each shown at once and then looked at anew. */
export function useVideoChanges(project: string, model: string) {
  const client = useQueryClient();
  const queryKey = listKey(project, model);
  const change = async (edit: (jobs: VideoJob[], page: number) => VideoJob[]) => {
    // A list asked for earlier may arrive later; it must not take the place of this one.
    await client.cancelQueries({ queryKey });
    client.setQueryData<Pages>(queryKey, (old) =>
      old === undefined ? old : { ...old, pages: old.pages.map((page, index) => ({ ...page, data: edit(page.data, index) })) },
    );
    void client.invalidateQueries({ queryKey });
  };
  const create = useMutation({
    mutationFn: (form: FormData) => createVideo(project, form),
    onSuccess: (made) => change((jobs, page) => (page === 0 ? [made, ...jobs.filter((job) => job.id !== made.id)] : jobs)),
  });
  const remove = useMutation({
    mutationFn: (id: string) => deleteVideo(project, id),
    onSuccess: (_, id) => change((jobs) => jobs.filter((job) => job.id !== id)),
  });
  return { create, remove };
}
