using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Podvirt.LocalCluster.Chaos.Judges;
using Podvirt.Testing.Cluster;

namespace Podvirt.LocalCluster.Chaos;

/// <summary>
/// The cluster that is broken, and its supervisor: what was killed or stopped is started again with the folder and the address that it had, as Nomad or systemd would. What
/// ends by itself is a finding, but for a start that fails because what it needs is away: that is tried again, and counted.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const int NatsServers = 3;
    private const string StartFailed = "The server cannot start";

    private static readonly TimeSpan s_stopLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly ClusterProcesses _cluster;
    private readonly Findings _findings;
    private readonly ChaosLogs _logs;
    private readonly CancellationTokenSource _closing = new();
    private readonly Dictionary<string, Life> _lives = [];
    private readonly Lock _gate = new();
    private readonly Task _supervising;

    private ChaosCluster(ClusterProcesses cluster, Findings findings, ChaosLogs logs)
    {
        _cluster = cluster;
        _findings = findings;
        _logs = logs;
        foreach (var name in Names)
        {
            _lives[name] = new Life(cluster[name]) { Absence = Absences.Begin(name, AbsenceKind.Stopped) };
        }
        _supervising = SuperviseAsync();
    }

    public static IReadOnlyList<string> Gateways { get; } = ["gateway-1", "gateway-2"];

    public static IReadOnlyList<string> Schedulers { get; } = ["scheduler-1", "scheduler-2"];

    public static IReadOnlyList<string> Names { get; } = [.. Gateways, .. Schedulers, "metering-1", "metering-2", "node"];

    public ClusterProcesses Parts => _cluster;

    public ClusterLines Lines => _cluster.Lines!;

    public Absences Absences { get; } = new();

    /// <summary>Starts that failed and were tried again.</summary>
    public int FailedStarts { get; private set; }

    /// <summary>All of it is started; nothing need be ready.</summary>
    public static async Task<ChaosCluster> StartAsync(Findings findings, ChaosLogs logs)
    {
        var cluster = await ClusterProcesses.StartAsync(ChaosCatalog.Yaml, $"{ChaosCatalog.Lease.TotalSeconds}s", NatsServers, lines: true);
        try
        {
            await Task.WhenAll(Names.Select(name => cluster.LaunchAsync(name, RoleOf(name))));
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
        return new ChaosCluster(cluster, findings, logs);
    }

    public PodvirtProcess this[string name] => _cluster[name];

    public Task KillAsync(string name) => EndAsync(name, AbsenceKind.Killed, static p => p.KillHard());

    public Task StopAsync(string name) => EndAsync(name, AbsenceKind.Stopped, static p => p.Interrupt());

    /// <summary>Null: it has ended by itself, and is about to be started again.</summary>
    public Absence? Pause(string name)
    {
        var absence = Absences.Begin(name, AbsenceKind.Paused);
        if (_cluster[name].TryPause())
        {
            return absence;
        }
        absence.To = Stopwatch.GetTimestamp();
        return null;
    }

    public void Resume(string name, Absence absence)
    {
        _cluster[name].TryResume();
        absence.To = Stopwatch.GetTimestamp();
    }

    /// <summary>Starts what was ended. It is away until it is ready, which is not waited for.</summary>
    public async Task StartAgainAsync(string name)
    {
        var process = await _cluster.LaunchAsync(name, RoleOf(name));
        lock (_gate)
        {
            _lives[name] = new Life(process) { Absence = _lives[name].Absence };
        }
    }

    /// <summary>Whether it says that it is ready.</summary>
    public async Task<bool> IsReadyAsync(string name) => await ReadinessAsync(name) is { IsSuccessStatusCode: true };

    /// <summary>The schedulers that say that they lead.</summary>
    public async Task<IReadOnlyList<string>> LeadersAsync()
    {
        var leaders = new List<string>();
        foreach (var name in Schedulers)
        {
            using var response = await ReadinessAsync(name);
            var report = response is null ? null : await response.Content.ReadFromJsonAsync<JsonObject>();
            if (report?["checks"]?.AsArray().Any(static c => (string?)c!["name"] == "scheduler" && ((string?)c["detail"])?.StartsWith("leads", StringComparison.Ordinal) == true) == true)
            {
                leaders.Add(name);
            }
        }
        return leaders;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _supervising;
        foreach (var name in Names)
        {
            _logs.Keep(name, _cluster[name].Output);
        }
        await _cluster.DisposeAsync();
        _closing.Dispose();
    }

    /// <summary>As processes are told it.</summary>
    private static string RoleOf(string name) => name.Split('-')[0];

    private async Task EndAsync(string name, AbsenceKind kind, Action<PodvirtProcess> how)
    {
        var absence = Absences.Begin(name, kind);
        Absence? before;
        PodvirtProcess process;
        lock (_gate)
        {
            (process, before) = (_lives[name].Process, _lives[name].Absence);
            _lives[name] = new Life(process) { IsEnded = true, Absence = absence };
        }
        how(process);
        await process.WaitForExitAsync(s_stopLimit);
        before?.To = Stopwatch.GetTimestamp();
        _logs.Keep(name, process.Output);
        await process.DisposeKeepingDataAsync();
    }

    private async Task<HttpResponseMessage?> ReadinessAsync(string name)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return await _cluster[name].Client.GetAsync(new Uri("readyz", UriKind.Relative), limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It is away, or was paused or ended while it was asked.
            return null;
        }
    }

    private async Task SuperviseAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            foreach (var name in Names)
            {
                await LookAsync(name);
            }
            await Task.Delay(s_pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(string name)
    {
        Life life;
        lock (_gate)
        {
            life = _lives[name];
            if (life.IsEnded)
            {
                return;
            }
            if (life.Process.HasExited)
            {
                life.IsEnded = true;
            }
        }
        if (life.IsEnded)
        {
            var output = life.Process.Output;
            _logs.Keep(name, output);
            if (life.Absence is not null && output.Contains(StartFailed, StringComparison.Ordinal))
            {
                FailedStarts++;
            }
            else
            {
                _findings.Add($"{name} ended by itself");
            }
            await StartAgainAsync(name);
        }
        else if (life.Absence is { } absence && await IsReadyAsync(name))
        {
            lock (_gate)
            {
                absence.To = Stopwatch.GetTimestamp();
                life.Absence = null;
            }
        }
    }

    /// <summary>A process from its start to its end.</summary>
    private sealed class Life(PodvirtProcess process)
    {
        public PodvirtProcess Process => process;

        /// <summary>It has ended, or is being ended.</summary>
        public bool IsEnded { get; set; }

        /// <summary>What it has not come back from so far.</summary>
        public Absence? Absence { get; set; }
    }
}
