namespace Podvirt.Messaging.Nats;

/// <summary>What a watch has told its reader: by it, what comes late or twice is left out, and a listing becomes the changes since.</summary>
internal sealed class SeenKeys
{
    private readonly Dictionary<string, long> _revisions = new(StringComparer.Ordinal);
    private bool _caughtUp;

    /// <summary>True for the first time alone.</summary>
    public bool CatchUp() => !_caughtUp && (_caughtUp = true);

    /// <summary>Those of the changes that the reader does not know.</summary>
    public List<StateChange> TakeNews(List<BucketEntry> changes)
    {
        var news = new List<StateChange>(changes.Count);
        foreach (var change in changes)
        {
            var known = _revisions.TryGetValue(change.Key, out var revision);
            if (known ? change.Revision <= revision : change.IsDeleted)
            {
                continue;
            }
            if (change.IsDeleted)
            {
                _revisions.Remove(change.Key);
                news.Add(new StateChange(change.Key, null));
            }
            else
            {
                news.Add(Told(change));
            }
        }
        return news;
    }

    /// <summary>What differs from a listing of everything: first what is gone, then what is new, by revision; the first time by key.</summary>
    public List<StateChange> Compare(List<BucketEntry> listing)
    {
        var present = listing.Select(static e => e.Key).ToHashSet(StringComparer.Ordinal);
        var changes = _revisions.Keys.Where(key => !present.Contains(key)).Select(static key => new StateChange(key, null)).ToList();
        changes.ForEach(change => _revisions.Remove(change.Key));
        // Not only higher ones: a bucket that was lost and made anew counts from 1.
        var news = listing.Where(e => !_revisions.TryGetValue(e.Key, out var revision) || revision != e.Revision);
        changes.AddRange((_caughtUp ? news.OrderBy(static e => e.Revision) : news).ToList().Select(Told));
        return changes;
    }

    private StateChange Told(BucketEntry entry)
    {
        _revisions[entry.Key] = entry.Revision;
        return new StateChange(entry.Key, new StateEntry(entry.Key, entry.Value, entry.Revision));
    }
}
