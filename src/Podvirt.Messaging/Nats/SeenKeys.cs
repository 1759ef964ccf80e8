namespace Podvirt.Messaging.Nats;

/// <summary>What a watch has told its reader: by it, what comes late or twice is left out, and a listing becomes the changes since.</summary>
internal sealed class SeenKeys
{
    private readonly Dictionary<string, (long Revision, DateTimeOffset At)> _seen = new(StringComparer.Ordinal);
    private long _age;
    private bool _caughtUp;

    /// <summary>True for the first time alone.</summary>
    public bool CatchUp() => !_caughtUp && (_caughtUp = true);

    /// <summary>Those of the changes that the reader does not know.</summary>
    /// <param name="changes">By revision.</param>
    /// <param name="age">The bucket's, in which they came. From one that is over nothing is news: a listing has all that is left of it.</param>
    public List<StateChange> TakeNews(List<BucketEntry> changes, long age)
    {
        var news = new List<StateChange>(changes.Count);
        foreach (var change in age == _age ? changes : [])
        {
            var known = _seen.TryGetValue(change.Key, out var seen);
            if (known ? change.Revision <= seen.Revision : change.IsDeleted)
            {
                continue;
            }
            if (change.IsDeleted)
            {
                _seen.Remove(change.Key);
                news.Add(new StateChange(change.Key, null));
            }
            else
            {
                news.Add(Told(change));
            }
        }
        return news;
    }

    /// <summary>
    /// A revision in a listing that cannot be there as long as the bucket has kept all that it had: lower than the one that the key had, or the
    /// same for another write. Null: none.
    /// </summary>
    public long? FindLost(List<BucketEntry> listing, long age)
    {
        foreach (var entry in age == _age ? listing : [])
        {
            if (_seen.TryGetValue(entry.Key, out var seen)
                && (entry.Revision < seen.Revision || (entry.Revision == seen.Revision && !BucketEnd.IsSame(entry.At, seen.At))))
            {
                return entry.Revision;
            }
        }
        return null;
    }

    /// <summary>What differs from a listing of everything: first what is gone, then what is new, by revision; the first time by key.</summary>
    /// <param name="listing">By key.</param>
    /// <param name="age">The bucket's, in which it was made. In a new one all is new, whatever its revisions.</param>
    public List<StateChange> Compare(List<BucketEntry> listing, long age)
    {
        var isAnew = age != _age;
        _age = age;
        var present = listing.Select(static e => e.Key).ToHashSet(StringComparer.Ordinal);
        var changes = _seen.Keys.Where(key => !present.Contains(key)).Select(static key => new StateChange(key, null)).ToList();
        changes.ForEach(change => _seen.Remove(change.Key));
        var news = listing.Where(e => isAnew || !_seen.TryGetValue(e.Key, out var seen) || seen.Revision != e.Revision);
        changes.AddRange((_caughtUp ? news.OrderBy(static e => e.Revision) : news).ToList().Select(Told));
        return changes;
    }

    private StateChange Told(BucketEntry entry)
    {
        _seen[entry.Key] = (entry.Revision, entry.At);
        return new StateChange(entry.Key, entry.ToState(_age));
    }
}
