using Podvirt.Testing.Nomad.Http;

namespace Podvirt.Testing.Nomad;

/// <summary>What a test breaks, and what it counts. A route is a method and a path with <c>:id</c>: <c>GET /v1/job/:id/allocations</c>; null: any.</summary>
public sealed partial class NomadDouble
{
    /// <summary>Connections that are open now.</summary>
    public int Connections => _connections.Open;

    /// <summary>The most that were open at one time.</summary>
    public int ConnectionsMost => _connections.Most;

    /// <summary>Blocking queries that wait for a change now.</summary>
    public int BlockedQueries => _queries.Waiting;

    /// <summary>How many requests of a route have come, answered or not.</summary>
    public int Requests(string route) => _http.Counts.GetValueOrDefault(route);

    /// <summary>Every route that was asked, with its count.</summary>
    public IReadOnlyDictionary<string, int> Requests() => _http.Counts.ToDictionary();

    /// <summary>The next requests are answered 429 in plain text, and their connection is closed.</summary>
    /// <param name="share">Of the matching requests: 0.25 is every fourth. Negative count: until <see cref="ClearFaults"/>.</param>
    public void TooManyRequests(int count, string? route = null, double share = 1) => _faults.Arm(FaultKind.TooManyRequests, count, share, route);

    /// <summary>The next requests are answered 500, as without a leader.</summary>
    public void ServerErrors(int count, string? route = null, double share = 1) => _faults.Arm(FaultKind.ServerError, count, share, route);

    /// <summary>The next requests are never answered.</summary>
    public void Hang(int count, string? route = null, double share = 1) => _faults.Arm(FaultKind.Hang, count, share, route);

    /// <summary>The next requests lose their connection.</summary>
    public void Drop(int count, string? route = null, double share = 1) => _faults.Arm(FaultKind.Drop, count, share, route);

    /// <summary>Every answer takes as much longer.</summary>
    public void Slow(TimeSpan by) => _faults.Slowness = by;

    /// <summary>The next waits of blocking queries sleep through the change that should wake them, to their time-out.</summary>
    public void MissWakeUps(int count) => _faults.MissWakeUps(count);

    public void ClearFaults() => _faults.Clear();

    /// <summary>Closes every open connection, streams included.</summary>
    public void DropConnections() => _connections.DropAll();

    /// <summary>The next events never reach a stream.</summary>
    public void LoseEvents(int count) => _state.Read(s =>
    {
        s.Events.Lose(count);
        return true;
    });

    /// <summary>From now on each event comes as often; 1 is usual.</summary>
    public void RepeatEvents(int copies) => _state.Read(s =>
    {
        s.Events.Copies = copies;
        return true;
    });

    /// <summary>All indexes start over near 1, as after a restore.</summary>
    public void ResetIndex() => _state.ResetIndex();

    /// <summary>The node is out of reach: its allocations become lost, or unknown where their group may be disconnected. Its tasks run on unless killed.</summary>
    /// <param name="name">The node's name.</param>
    public Task LoseNodeAsync(string name, bool killTasks = false) => _nodes.LoseAsync(_nodes.Named(name), killTasks);

    /// <summary>The node is back: what was given up is stopped there, what was unknown runs on.</summary>
    public void ReturnNode(string name) => _nodes.Return(_nodes.Named(name));

    /// <summary>Moves its allocations elsewhere, system jobs apart, and takes nothing new.</summary>
    public void DrainNode(string name) => _nodes.Drain(_nodes.Named(name), drain: true, markEligible: false);

    /// <summary>Ends a drain.</summary>
    public void UndrainNode(string name) => _nodes.Drain(_nodes.Named(name), drain: false, markEligible: true);

    /// <summary>The processes of all tasks that run now.</summary>
    public IReadOnlyList<int> TaskProcesses() => _client.Processes();

    /// <summary>What <c>/v1/client/stats</c> says a gpu holds.</summary>
    public void SetGpuMemory(string uuid, long usedMiB) => _nodes.SetUsedMiB(uuid, usedMiB);
}
