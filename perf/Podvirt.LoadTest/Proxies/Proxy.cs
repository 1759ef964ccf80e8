namespace Podvirt.LoadTest.Proxies;

/// <summary>What stands between generator and engine in a measurement; nothing, for the direct connection.</summary>
internal sealed class Proxy(string name, int port, OwnedProcess? process) : IAsyncDisposable
{
    public const string Direct = "direct";
    public const string Haproxy = "HAProxy";
    public const string Nginx = "nginx";
    public const string Yarp = "YARP";
    public const string Podvirt = "podvirt";

    private IReadOnlyList<int>? _family;

    public string Name => name;

    public int Port => port;

    public bool IsProcess => process is not null;

    /// <summary>Its first process.</summary>
    public int Id => process?.Id ?? throw new InvalidOperationException($"{name} is no process.");

    /// <summary>Its processes; those that serve are there when it is ready and stay.</summary>
    private IReadOnlyList<int> Family => process is null ? [] : _family ??= ProcessAccount.WithDescendants(process.Id);

    public long Cpu => Family.Sum(ProcessAccount.CpuOf);

    public long Resident => Family.Sum(ProcessAccount.ResidentOf);

    public long Peak => Family.Sum(ProcessAccount.PeakOf);

    public ValueTask DisposeAsync() => process?.DisposeAsync() ?? ValueTask.CompletedTask;
}
