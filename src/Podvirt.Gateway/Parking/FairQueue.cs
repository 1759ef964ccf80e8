using System.Diagnostics.CodeAnalysis;

namespace Podvirt.Gateway.Parking;

/// <summary>
/// First come first served within a key; keys take turns within their project, projects take turns among each other. So
/// one project's ten thousand requests delay another's first by one place. Every operation is O(1). Not thread-safe.
/// </summary>
internal sealed class FairQueue<T>
    where T : class
{
    private readonly Dictionary<string, ProjectLane> _projects = new(StringComparer.Ordinal);
    private readonly LinkedList<ProjectLane> _projectTurns = new();

    public int Count { get; private set; }

    /// <summary>Adds at the end of its key's line; the result takes it out again.</summary>
    public Place Enqueue(string project, string key, T item) => Add(project, key, item, first: false);

    /// <summary>Adds at the front of its key's line: for one that was served and came back through no fault of its own.</summary>
    public Place EnqueueFirst(string project, string key, T item) => Add(project, key, item, first: true);

    /// <summary>The one that <see cref="TryDequeue"/> would take.</summary>
    public bool TryPeek([NotNullWhen(true)] out T? item)
    {
        item = _projectTurns.First?.Value.KeyTurns.First?.Value.Items.First?.Value;
        return item is not null;
    }

    /// <summary>The item with the smallest age among the heads of all lines: the one that came first of all.</summary>
    public T? OldestHead(Func<T, long> cameAt)
    {
        T? oldest = null;
        foreach (var project in _projectTurns)
        {
            foreach (var lane in project.KeyTurns)
            {
                if (lane.Items.First?.Value is { } head && (oldest is null || cameAt(head) < cameAt(oldest)))
                {
                    oldest = head;
                }
            }
        }
        return oldest;
    }

    public bool TryDequeue([NotNullWhen(true)] out T? item)
    {
        item = null;
        var project = _projectTurns.First?.Value;
        var lane = project?.KeyTurns.First?.Value;
        var node = lane?.Items.First;
        if (project is null || lane is null || node is null)
        {
            return false;
        }
        item = node.Value;
        MoveToEnd(_projectTurns, project.Turn);
        MoveToEnd(project.KeyTurns, lane.Turn);
        Remove(new Place(project, lane, node));
        return true;
    }

    public void Remove(Place place)
    {
        place.Lane.Items.Remove(place.Node);
        Count--;
        if (place.Lane.Items.Count > 0)
        {
            return;
        }
        place.Project.KeyTurns.Remove(place.Lane.Turn);
        place.Project.Keys.Remove(place.Lane.Key);
        if (place.Project.Keys.Count == 0)
        {
            _projectTurns.Remove(place.Project.Turn);
            _projects.Remove(place.Project.Name);
        }
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
            keyLane = new KeyLane(key);
            keyLane.Turn = projectLane.KeyTurns.AddLast(keyLane);
            projectLane.Keys.Add(key, keyLane);
        }
        Count++;
        return new Place(projectLane, keyLane, first ? keyLane.Items.AddFirst(item) : keyLane.Items.AddLast(item));
    }

    private static void MoveToEnd<TLane>(LinkedList<TLane> turns, LinkedListNode<TLane> turn)
    {
        turns.Remove(turn);
        turns.AddLast(turn);
    }

    /// <summary>Where an item stands.</summary>
    internal sealed record Place(ProjectLane Project, KeyLane Lane, LinkedListNode<T> Node);

    internal sealed class ProjectLane(string name)
    {
        public string Name => name;

        public Dictionary<string, KeyLane> Keys { get; } = new(StringComparer.Ordinal);

        public LinkedList<KeyLane> KeyTurns { get; } = new();

        public LinkedListNode<ProjectLane> Turn { get; set; } = null!;
    }

    internal sealed class KeyLane(string key)
    {
        public string Key => key;

        public LinkedList<T> Items { get; } = new();

        public LinkedListNode<KeyLane> Turn { get; set; } = null!;
    }
}
