using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Catalogs;
using Podvirt.Projects;

namespace Podvirt.Tests.Catalogs;

public sealed class CatalogWatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;
    private readonly MemoryStateStore _state = new();
    private readonly CatalogStore _store;
    private readonly Lines _log = new();
    private readonly CatalogFile _file;
    private readonly CatalogWatch _watch;

    public CatalogWatchTests()
    {
        var options = new PodvirtOptions { ConfigFile = Path.Combine(_folder, "podvirt.yaml") };
        _store = new CatalogStore(_state, (_, _, _) => ValueTask.CompletedTask, NullLogger<CatalogStore>.Instance);
        _file = new CatalogFile(_store, new PlanStore(_state, new ProjectStore(_state, TimeProvider.System)), new() { }, options);
        _watch = new CatalogWatch(_file, options, TimeProvider.System, _log);
    }

    private IEnumerable<(string Id, int Revision)> Applied => _store.Applied!.Models.Select(m => (m.Id, m.Revision));

    public void Dispose()
    {
        _watch.Dispose();
        _file.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ChangedFile_IsApplied_WhenItIsNotBeingWrittenAnyMore()
    {
        await WriteAsync(Model("a", 20));
        await LookAsync(1);
        Assert.Null(_store.Applied);
        await LookAsync(1);
        Assert.Equal([("a", 1)], Applied);

        await WriteAsync(Model("a", 300), Model("b", 20));
        await LookAsync(2);
        Assert.Equal([("a", 2), ("b", 1)], Applied);
    }

    [Fact]
    public async Task BrokenFile_IsReportedWithAllItsErrors_Once_AndTheOldCatalogStays()
    {
        await WriteAsync(Model("a", 20));
        await LookAsync(2);
        await WriteAsync("  - { id: a, type: poem }", "  - { type: chat, engine: { kind: magic } }");
        await LookAsync(4);

        Assert.Equal([("a", 1)], Applied);
        var report = Assert.Single(_log.Errors);
        Assert.Contains("poem", report, StringComparison.Ordinal);
        Assert.Contains("magic", report, StringComparison.Ordinal);

        await WriteAsync(Model("a", 21), "  # mended");
        await LookAsync(2);
        Assert.Equal([("a", 2)], Applied);
    }

    [Fact]
    public async Task FileThatSaysNothingNew_IsNotAppliedOverWhatWasAppliedByHand()
    {
        await WriteAsync(Model("a", 20));
        await LookAsync(2);
        await _file.ApplyAsync("models:\n" + Model("b", 20), "by hand", isDryRun: false, CancellationToken.None);
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "podvirt.yaml"), new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await LookAsync(3);
        Assert.Equal([("b", 1)], Applied);
    }

    [Fact]
    public async Task FileOfOneOfSeveralProcesses_IsTheLatestFromThenOn()
    {
        var options = new PodvirtOptions { ConfigFile = Path.Combine(_folder, "podvirt.yaml") };
        var policy = new FilePolicy(_state, applies: true);
        using var file = new CatalogFile(_store, new PlanStore(_state, new ProjectStore(_state, TimeProvider.System)), new() { }, options, policy);
        using var watch = new CatalogWatch(file, options, TimeProvider.System, _log, policy);
        await policy.NoteAsync("what another process started with", CancellationToken.None);
        await WriteAsync(Model("a", 20));
        await watch.LookAsync(CancellationToken.None);
        await watch.LookAsync(CancellationToken.None);

        Assert.Equal([("a", 1)], Applied);
        // The other one's start does not bring its own back.
        Assert.False(await policy.IsNewsAsync("what another process started with", CancellationToken.None));
    }

    [Fact]
    public async Task FileThatIsGone_ChangesNothing()
    {
        await WriteAsync(Model("a", 20));
        await LookAsync(2);
        File.Delete(Path.Combine(_folder, "podvirt.yaml"));
        await LookAsync(2);
        Assert.Equal([("a", 1)], Applied);
        Assert.Empty(_log.Errors);
    }

    private async Task LookAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            await _watch.LookAsync(CancellationToken.None);
        }
    }

    private Task WriteAsync(params string[] models) =>
        File.WriteAllTextAsync(Path.Combine(_folder, "podvirt.yaml"), "models:\n" + string.Join('\n', models) + "\n");

    private static string Model(string id, int gib) => $"  - {{ id: {id}, type: chat, engine: {{ kind: simulated }}, gpu: {{ memory: {gib}GiB }} }}";

    private sealed class Lines : ILogger<CatalogWatch>
    {
        public List<string> Errors { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
            {
                Errors.Add(formatter(state, exception));
            }
        }
    }
}
