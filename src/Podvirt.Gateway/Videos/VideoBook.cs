using System.Text.Json;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// All jobs: a copy in memory of what the state store has. A change is written first, over the revision that it was made of, and seen
/// only then. Where several gateways share the jobs it follows what the others write, and changes of what is another's work are refused.
/// </summary>
/// <param name="store">The state store.</param>
/// <param name="logger">The log.</param>
/// <param name="owners">Who works on jobs; null: this gateway alone.</param>
internal sealed partial class VideoBook(IStateStore store, ILogger<VideoBook> logger, IOwners? owners = null)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Entry> _entries = [];

    // UUIDv7 sorts by time: the latest is the last.
    private readonly Dictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);
    private readonly SortedSet<Guid> _all = [];

    /// <summary>What new jobs are given.</summary>
    public string? Owner => owners?.Id;

    /// <summary>Several gateways share the jobs.</summary>
    public bool IsShared => owners is not null;

    /// <summary>Another gateway works on it.</summary>
    public bool IsOthers(VideoJob job) => owners is not null && job.Owner != owners.Id && !job.HasEnded;

    /// <summary>Reads them all.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var entry in await store.ListAsync(VideoJob.StatePrefix, cancellationToken))
        {
            Read(entry);
        }
    }

    /// <summary>Follows what is written, by whomever, until the store ends it.</summary>
    /// <param name="changed">Told of each job as it stands then.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FollowAsync(Action<VideoJob> changed, CancellationToken cancellationToken)
    {
        // What was known before and is not listed was removed while nobody followed.
        var unseen = All().Select(j => j.Id).ToHashSet();
        await foreach (var change in store.WatchAsync(VideoJob.StatePrefix, cancellationToken))
        {
            if (change.IsCaughtUp)
            {
                foreach (var id in unseen)
                {
                    Drop(id);
                }
            }
            else if (change.Entry is { } entry)
            {
                if (Read(entry) is { } job)
                {
                    unseen.Remove(job.Id);
                    changed(job);
                }
            }
            else if (Guid.TryParseExact(change.Key.AsSpan(change.Key.LastIndexOf('/') + 1), "n", out var id))
            {
                Drop(id);
            }
        }
    }

    /// <summary>Looks for one that is not here but may be in the store: made a moment ago through another gateway.</summary>
    /// <param name="project">Null: of any.</param>
    public async ValueTask<VideoJob?> FetchAsync(string? project, Guid id, CancellationToken cancellationToken)
    {
        if (owners is null)
        {
            return null;
        }
        if (project is null)
        {
            await LoadAsync(cancellationToken);
        }
        else
        {
            await RefreshAsync(VideoJob.KeyOf(project, id), id, cancellationToken);
        }
        return Find(id);
    }

    public VideoJob? Find(Guid id)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(id)?.Job;
        }
    }

    public IReadOnlyList<VideoJob> All()
    {
        lock (_lock)
        {
            return [.. _entries.Values.Select(e => e.Job)];
        }
    }

    /// <summary>A page of a project's jobs by age, without those that are being deleted.</summary>
    /// <param name="project">Null: of all.</param>
    /// <param name="model">Null: of any.</param>
    /// <param name="after">The last of the page before.</param>
    /// <returns>One more than was asked for says that there are more.</returns>
    public IReadOnlyList<VideoJob> List(string? project, string? model, Guid? after, int count, bool ascending)
    {
        var page = new List<VideoJob>();
        lock (_lock)
        {
            var ids = project is null ? _all : _shelves.GetValueOrDefault(project)?.Ids ?? [];
            foreach (var id in Behind(ids, after, ascending))
            {
                var job = _entries[id].Job;
                if (job.End is not { IsDeleted: true } && (model is null || job.Model == model))
                {
                    page.Add(job);
                    if (page.Count == count)
                    {
                        break;
                    }
                }
            }
        }
        return page;
    }

    /// <summary>What a project holds.</summary>
    public VideoHoldings Of(string project)
    {
        lock (_lock)
        {
            return _shelves.GetValueOrDefault(project)?.Holdings ?? default;
        }
    }

    /// <summary>What all projects hold.</summary>
    public VideoHoldings Total()
    {
        lock (_lock)
        {
            return _shelves.Values.Aggregate(default(VideoHoldings), (sum, shelf) => sum + shelf.Holdings);
        }
    }

    /// <exception cref="IOException">It could not be made durable.</exception>
    public async Task AddAsync(VideoJob job, CancellationToken cancellationToken)
    {
        var revision = await store.CreateAsync(VideoJob.KeyOf(job.Project, job.Id), StateJson.ToBytes(job), cancellationToken)
            ?? throw new IOException($"The state store has a job {job.Id} already.");
        Put(new Entry(job, revision));
    }

    /// <summary>Writes a change over what is there, made again where another write came first.</summary>
    /// <param name="change">Pure. Null: nothing is to be changed.</param>
    /// <returns>As it stands then; null: it is gone.</returns>
    /// <exception cref="VideoTakenException">Another gateway works on it now.</exception>
    public Task<VideoJob?> ChangeAsync(
        Guid id, Func<VideoJob, VideoJob?> change, StateDurability durability = StateDurability.Machine, CancellationToken cancellationToken = default) =>
        ChangeAnyAsync(id, job => IsOthers(job) ? throw new VideoTakenException(id) : change(job), durability, cancellationToken);

    /// <summary>The same, whoever works on it.</summary>
    public async Task<VideoJob?> ChangeAnyAsync(
        Guid id, Func<VideoJob, VideoJob?> change, StateDurability durability = StateDurability.Machine, CancellationToken cancellationToken = default)
    {
        for (var entry = FindEntry(id); ;)
        {
            if (entry is null)
            {
                return null;
            }
            if (change(entry.Job) is not { } changed)
            {
                return entry.Job;
            }
            var key = VideoJob.KeyOf(changed.Project, id);
            if (await store.UpdateAsync(key, StateJson.ToBytes(changed), entry.Revision, durability, cancellationToken) is { } revision)
            {
                Put(new Entry(changed, revision));
                return changed;
            }
            entry = await RefreshAsync(key, id, cancellationToken);
        }
    }

    public async Task RemoveAsync(VideoJob job)
    {
        await store.DeleteAsync(VideoJob.KeyOf(job.Project, job.Id));
        Drop(job.Id);
    }

    private VideoJob? Read(StateEntry entry)
    {
        try
        {
            var job = entry.Read<VideoJob>();
            Put(new Entry(job, entry.Revision));
            return job;
        }
        catch (JsonException e)
        {
            // It stays where it is; whoever mends it finds it.
            LogUnreadable(e, entry.Key);
            return null;
        }
    }

    private static IEnumerable<Guid> Behind(SortedSet<Guid> ids, Guid? after, bool ascending)
    {
        // The smallest and the largest that there is.
        var view = after switch
        {
            null => ids,
            { } id when ascending => ids.GetViewBetween(id, Guid.AllBitsSet),
            { } id => ids.GetViewBetween(Guid.Empty, id),
        };
        return (ascending ? view : view.Reverse()).Where(id => id != after);
    }

    private Entry? FindEntry(Guid id)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(id);
        }
    }

    /// <summary>What the store has, which may be older than what is known here: it can lose its end. The watch tells of that in time.</summary>
    private async Task<Entry?> RefreshAsync(string key, Guid id, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(key, cancellationToken) is not { } stored)
        {
            Drop(id);
            return null;
        }
        var entry = new Entry(stored.Read<VideoJob>(), stored.Revision);
        Put(entry);
        return entry;
    }

    // Of two writes that crossed on their way here the later one stays.
    private void Put(Entry entry)
    {
        lock (_lock)
        {
            var job = entry.Job;
            if (!_shelves.TryGetValue(job.Project, out var shelf))
            {
                _shelves.Add(job.Project, shelf = new Shelf());
            }
            if (_entries.TryGetValue(job.Id, out var before))
            {
                if (before.Revision >= entry.Revision)
                {
                    return;
                }
                shelf.Holdings -= VideoHoldings.Of(before.Job);
            }
            _entries[job.Id] = entry;
            _all.Add(job.Id);
            shelf.Ids.Add(job.Id);
            shelf.Holdings += VideoHoldings.Of(job);
        }
    }

    private void Drop(Guid id)
    {
        lock (_lock)
        {
            if (!_entries.Remove(id, out var gone))
            {
                return;
            }
            _all.Remove(id);
            var shelf = _shelves[gone.Job.Project];
            shelf.Ids.Remove(id);
            shelf.Holdings -= VideoHoldings.Of(gone.Job);
        }
    }

    [LoggerMessage(1601, LogLevel.Error, "The video job under '{StateKey}' cannot be read: it is left alone.")]
    private partial void LogUnreadable(Exception exception, string stateKey);

    private sealed record Entry(VideoJob Job, long Revision);

    private sealed class Shelf
    {
        public SortedSet<Guid> Ids { get; } = [];

        public VideoHoldings Holdings { get; set; }
    }
}

/// <summary>Another gateway took a job over, because this one did not answer for longer than a lease.</summary>
internal sealed class VideoTakenException(Guid id) : Exception($"Another gateway works on the video job {id}.");
