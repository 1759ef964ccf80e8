using System.Text.Json;
using Microsoft.Playwright;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>
/// The tasks of a page's main thread, by the time that they kept it busy: the browser's own trace. A clock on the wall would also
/// count how long the machine ran something else. What the test itself asks of the page, over and over while it waits, is no task of the page's.
/// </summary>
public sealed class MainThread : IAsyncDisposable
{
    // There is always one as long; the many shorter ones need not be kept.
    private const double ShortUs = 1000;

    private readonly ICDPSession _browser;
    private readonly IPage _page;
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly HashSet<(int Process, int Thread)> _mains = [];
    private readonly List<((int Process, int Thread) Thread, double AtUs, double EndUs, double BusyUs)> _tasks = [];
    private readonly HashSet<((int Process, int Thread) Thread, double AtUs)> _asked = [];

    private MainThread(ICDPSession browser, IPage page)
    {
        (_browser, _page) = (browser, page);
        browser.Event("Tracing.dataCollected").OnEvent += (_, data) => Collect(data!.Value.GetProperty("value"));
        browser.Event("Tracing.tracingComplete").OnEvent += (_, _) => _complete.TrySetResult();
    }

    public static async Task<MainThread> WatchAsync(IBrowser browser, IPage page)
    {
        var watch = new MainThread(await browser.NewBrowserCDPSessionAsync(), page);
        await watch._browser.SendAsync("Tracing.start", new() { ["categories"] = "-*,toplevel,__metadata", ["transferMode"] = "ReportEvents" });
        return watch;
    }

    /// <summary>The longest task of any page since the start, and the page's heap as it is now, after a collection.</summary>
    public async Task<(double LongestMs, long HeapBytes)> EndAsync()
    {
        await _browser.SendAsync("Tracing.end");
        await _complete.Task.WaitAsync(TimeSpan.FromMinutes(1));
        var page = await _page.Context.NewCDPSessionAsync(_page);
        await page.SendAsync("HeapProfiler.collectGarbage");
        var heap = (await page.SendAsync("Runtime.getHeapUsage"))!.Value.GetProperty("usedSize").GetDouble();
        lock (_lock)
        {
            return (_tasks.Where(t => _mains.Contains(t.Thread) && !IsAsked(t.Thread, t.AtUs, t.EndUs)).Max(static t => t.BusyUs) / 1000, (long)heap);
        }
    }

    public async ValueTask DisposeAsync() => await _browser.DetachAsync();

    private void Collect(JsonElement events)
    {
        lock (_lock)
        {
            foreach (var e in events.EnumerateArray())
            {
                var thread = (e.GetProperty("pid").GetInt32(), e.GetProperty("tid").GetInt32());
                var name = e.GetProperty("name").GetString();
                if (name == "thread_name" && e.GetProperty("args").GetProperty("name").GetString() == "CrRendererMain")
                {
                    _mains.Add(thread);
                }
                else if (name is "RunTask" or "ThreadControllerImpl::RunTask" && e.TryGetProperty("tdur", out var busy) && busy.GetDouble() >= ShortUs)
                {
                    var at = e.GetProperty("ts").GetDouble();
                    _tasks.Add((thread, at, at + e.GetProperty("dur").GetDouble(), busy.GetDouble()));
                }
                else if (name == "Receive mojo message" && e.GetRawText().Contains("blink.mojom.DevToolsSession", StringComparison.Ordinal))
                {
                    _asked.Add((thread, e.GetProperty("ts").GetDouble()));
                }
            }
        }
    }

    private bool IsAsked((int Process, int Thread) thread, double atUs, double endUs) =>
        _asked.Any(a => a.Thread == thread && a.AtUs >= atUs && a.AtUs <= endUs);
}
