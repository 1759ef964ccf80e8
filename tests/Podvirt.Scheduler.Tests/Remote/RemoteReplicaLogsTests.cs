using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Remote;

namespace Podvirt.Scheduler.Tests.Remote;

/// <summary>Logs of engines whose scheduler is another process, over the bus.</summary>
public sealed class RemoteReplicaLogsTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceProvider _services;
    private readonly LogCalls _calls;
    private readonly StubLogs _logs = new();
    private readonly List<LogAnswerer> _answerers = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    public RemoteReplicaLogsTests()
    {
        _services = new ServiceCollection().AddPodvirtEmbeddedMessaging(_folder).BuildServiceProvider();
        _calls = new(Bus, _time);
    }

    private IBus Bus => _services.GetRequiredService<IBus>();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var answerer in _answerers)
        {
            await answerer.StopAsync(CancellationToken.None);
            answerer.Dispose();
        }
        await _calls.StopAsync(CancellationToken.None);
        _calls.Dispose();
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task LeaderAlone_Answers()
    {
        await StartAsync(() => false);
        var unheard = new RemoteReplicaLogs(_calls).ReadTailAsync("m", 20, Ended);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await unheard);

        await StartAsync(() => true);
        Assert.Equal("tail of m, 20", await new RemoteReplicaLogs(_calls).ReadTailAsync("m", 20, Ended));
    }

    [Fact]
    public async Task ManyQuestionsAtOnce_EachGetsItsOwnAnswer()
    {
        await StartAsync(() => true);
        var remote = new RemoteReplicaLogs(_calls);

        var tails = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => remote.ReadTailAsync($"m{i}", 3, Ended).AsTask()));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"tail of m{i}, 3"), tails);
    }

    [Theory]
    [InlineData(StubLogs.Broken)]
    [InlineData(StubLogs.Late)]
    public async Task LogThatCannotBeRead_LeavesTheNextQuestionAnswered(string model)
    {
        await StartAsync(() => true);
        var remote = new RemoteReplicaLogs(_calls);
        var failed = remote.ReadTailAsync(model, 20, Ended);

        Assert.Equal("tail of m, 20", await remote.ReadTailAsync("m", 20, Ended));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await failed);
    }

    [Fact]
    public async Task Logs_AreReadAsThoughTheyWereHere()
    {
        await StartAsync(() => true);
        var remote = new RemoteReplicaLogs(_calls);

        Assert.Equal("tail of m, 20", await remote.ReadTailAsync("m", 20, Ended));
        Assert.Equal("tail of r-1, 5", await remote.ReadReplicaTailAsync("r-1", 5, Ended));
        Assert.Null(await remote.ReadTailAsync("none", 20, Ended));
        var first = await remote.ReadOnAsync("m", null, 7, Ended);
        Assert.Equal(("r-9", 100, "from the start, 7"), (first.Replica, first.End, Encoding.UTF8.GetString(first.Text.Span)));
        var next = await remote.ReadOnAsync("m", first, 7, Ended);
        Assert.Equal("behind r-9 100", Encoding.UTF8.GetString(next.Text.Span));
    }

    [Fact]
    public async Task LongLog_IsCutToItsLastWholeLines()
    {
        await StartAsync(() => true);
        _logs.Tail = string.Join('\n', Enumerable.Range(0, 200_000));

        var text = await new RemoteReplicaLogs(_calls).ReadTailAsync("m", 10_000, Ended);

        Assert.InRange(text!.Length, 500 * 1024, 512 * 1024);
        Assert.EndsWith("\n199999", text, StringComparison.Ordinal);
        Assert.True(int.TryParse(text.Split('\n')[0], out var line) && line > 100_000);
    }

    private async Task StartAsync(Func<bool> leads)
    {
        var answerer = new LogAnswerer(Bus, _logs, leads, NullLogger<LogAnswerer>.Instance);
        _answerers.Add(answerer);
        await answerer.StartAsync(Ended);
        await _calls.StartAsync(Ended);
    }

    private sealed class StubLogs : IReplicaLogs
    {
        public const string Broken = "broken";

        /// <summary>Its reading runs out of a time of its own.</summary>
        public const string Late = "late";

        public string? Tail { get; set; }

        public ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken) =>
            modelId == Broken ? throw new IOException("the disk is gone")
            : modelId == Late ? throw new OperationCanceledException("no answer in time")
            : ValueTask.FromResult(modelId == "none" ? null : Tail ?? $"tail of {modelId}, {lines}");

        public ValueTask<string?> ReadReplicaTailAsync(string replicaId, int lines, CancellationToken cancellationToken) =>
            ValueTask.FromResult<string?>($"tail of {replicaId}, {lines}");

        public ValueTask<LogPart> ReadOnAsync(string modelId, LogPart? after, int lines, CancellationToken cancellationToken) => ValueTask.FromResult(
            new LogPart("r-9", 100, Encoding.UTF8.GetBytes(after is null ? $"from the start, {lines}" : $"behind {after.Replica} {after.End}")));
    }
}
