using System.Diagnostics.CodeAnalysis;

namespace Podvirt.Gateway.Parking;

/// <summary>
/// First come first served within a key; keys take turns within their project, projects take turns among each other. So
/// one project's ten thousand requests delay another's first by one place. Every operation is O(1), one object an item.
/// Not thread-safe.
/// </summary>
internal sealed class FairQueue<T>
    where T : class
{
    private readonly Dictionary<string, ProjectLane> _projects = new(StringComparer.Ordinal);
    private readonly LinkedList<ProjectLane> _projectTurns = new();
    private Place? _oldest;
    private Place? _youngest;

    public int Count { get; private set; }

    /// <summary>The item that has been here longest, wherever it stands in line; null when there is none.</summary>
    public T? Oldest => _oldest?.Item;

    /// <summary>Adds at the end of its key's line; the result takes it out again.</summary>
    public Place Enqueue(string project, string key, T item) => Add(project, key, item, first: false);

    /// <summary>Adds at the front of its key's line: for one that was served and came back through no fault of its own.</summary>
    public Place EnqueueFirst(string project, string key, T item) => Add(project, key, item, first: true);

    /// <summary>The one that <see cref="TryDequeue"/> would take.</summary>
    public bool TryPeek([NotNullWhen(true)] out T? item)
    {
        item = _projectTurns.First?.Value.KeyTurns.First?.Value.First?.Item;
        return item is not null;
    }

    public bool TryDequeue([NotNullWhen(true)] out T? item)
    {
        item = null;
        var lane = _projectTurns.First?.Value.KeyTurns.First?.Value;
        if (lane?.First is not { } place)
        {
            return false;
        }
        item = place.Item;
        MoveToEnd(_projectTurns, lane.Project.Turn);
        MoveToEnd(lane.Project.KeyTurns, lane.Turn);
        Remove(place);
        return true;
    }

    public void Remove(Place place)
    {
        Unlink(place);
        Count--;
        var lane = place.Lane;
        if (lane.Count > 0)
        {
            return;
        }
        var project = lane.Project;
        project.KeyTurns.Remove(lane.Turn);
        project.Keys.Remove(lane.Key);
        if (project.Keys.Count == 0)
        {
            _projectTurns.Remove(project.Turn);
            _projects.Remove(project.Name);
        }
    }

    /// <summary>About how many others are served before it: each round of its project's keys serves every project once for each of them.</summary>
    public int CountBefore(Place place)
    {
        // Those that left from the middle of the line leave gaps in its numbers.
        var ahead = Math.Min(place.Number - place.Lane.First!.Number, place.Lane.Count - 1);
        return (int)Math.Min(ahead * place.Lane.Project.Keys.Count * _projects.Count, Count - 1);
    }

    private Place Add(string project, string key, T item, bool first)
    {
        if (!_projects.TryGetValue(project, out var projectLane))
        {
            projectLane = new ProjectLane(project);
            projectLane.Turn = _projectTurns.AddLast(projectLane);
            _projects.Add(project, projectLane);
        }
        if (!projectLane.Keys.TryGetValue(key, out var keyLane))
        {
            keyLane = new KeyLane(projectLane, key);
            keyLane.Turn = projectLane.KeyTurns.AddLast(keyLane);
            projectLane.Keys.Add(key, keyLane);
        }
        var place = new Place(keyLane, item);
        Count++;
        Link(place, first);
        return place;
    }

    private void Link(Place place, bool first)
    {
        var lane = place.Lane;
        lane.Count++;
        if (lane.First is not { } front || lane.Last is not { } end)
        {
            lane.First = lane.Last = place;
        }
        else if (first)
        {
            place.Number = front.Number - 1;
            (place.Behind, front.Before, lane.First) = (front, place, place);
        }
        else
        {
            place.Number = end.Number + 1;
            (place.Before, end.Behind, lane.Last) = (end, place, place);
        }

        if (_youngest is { } youngest)
        {
            (place.Older, youngest.Younger) = (youngest, place);
        }
        _oldest ??= place;
        _youngest = place;
    }

    private void Unlink(Place place)
    {
        var lane = place.Lane;
        lane.Count--;
        var (before, behind) = (place.Before, place.Behind);
        before?.Behind = behind;
        behind?.Before = before;
        lane.First = before is null ? behind : lane.First;
        lane.Last = behind is null ? before : lane.Last;

        var (older, younger) = (place.Older, place.Younger);
        older?.Younger = younger;
        younger?.Older = older;
        _oldest = older is null ? younger : _oldest;
        _youngest = younger is null ? older : _youngest;
    }

    private static void MoveToEnd<TLane>(LinkedList<TLane> turns, LinkedListNode<TLane> turn)
    {
        turns.Remove(turn);
        turns.AddLast(turn);
    }

    /// <summary>Where an item stands: in its key's line, and by age among all.</summary>
    internal sealed class Place(KeyLane lane, T item)
    {
        public KeyLane Lane => lane;

        public T Item => item;

        public Place? Before { get; set; }

        public Place? Behind { get; set; }

        public Place? Older { get; set; }

        public Place? Younger { get; set; }

        /// <summary>Grows by one from each to the next behind it in the line.</summary>
        public long Number { get; set; }
    }

    internal sealed class ProjectLane(string name)
    {
        public string Name => name;

        public Dictionary<string, KeyLane> Keys { get; } = new(StringComparer.Ordinal);

        public LinkedList<KeyLane> KeyTurns { get; } = new();

        public LinkedListNode<ProjectLane> Turn { get; set; } = null!;
    }

    internal sealed class KeyLane(ProjectLane project, string key)
    {
        public ProjectLane Project => project;

        public string Key => key;

        public Place? First { get; set; }

        public Place? Last { get; set; }

        public int Count { get; set; }

        public LinkedListNode<KeyLane> Turn { get; set; } = null!;
    }
}
