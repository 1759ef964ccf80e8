using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Nodes;

/// <summary>What node agents said last, on the scheduler's side.</summary>
internal sealed class NodeBook : IAsyncDisposable
{
    /// <summary>An agent reports every second: three times missed, its numbers are of the past.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(3);

    /// <summary>An answer takes as long as <c>nvidia-smi</c> does; a lost question is asked again.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Heard> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<NodeReport>> _questions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private readonly IBus _bus;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _name;
    private readonly Task _listening;
    private long _asked;

    public NodeBook(IBus bus, TimeProvider time, ILogger log)
    {
        _bus = bus;
        _time = time;
        _log = log;
        _name = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        _listening = ListenAsync(bus.Subscribe(Subjects.NodeReports));
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _listening;
        _ended.Dispose();
    }

    private async Task ListenAsync(IBusSubscription<NodeReport> first)
    {
        for (var subscription = first; ; subscription = _bus.Subscribe(Subjects.NodeReports))
        {
            try
            {
                await using (subscription)
                {
                    await foreach (var report in subscription.ReadAllAsync(_ended.Token))
                    {
                        Hear(report);
                    }
                }
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                SchedulerLog.NodesUnheard(_log, exception);
            }

            await Task.Delay(AskAgainAfter, _time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_ended.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Hear(NodeReport report)
    {
        _nodes[report.Node] = new Heard(report, _time.GetTimestamp());
        foreach (var id in report.Answers)
        {
            if (_questions.TryRemove(id, out var waiting))
            {
                waiting.TrySetResult(report);
            }
        }
    }

    /// <summary>The newest reports, of nodes whose agents still report.</summary>
    public IReadOnlyList<NodeReport> Fresh() =>
        [.. _nodes.Values.Where(IsFresh).Select(heard => heard.Report).OrderBy(report => report.Name, StringComparer.Ordinal)];

    /// <summary>By the node's id; null: none, or one of the past.</summary>
    public NodeReport? Find(string node) => _nodes.TryGetValue(node, out var heard) && IsFresh(heard) ? heard.Report : null;

    /// <summary>The same, however old.</summary>
    public NodeReport? Last(string node) => _nodes.GetValueOrDefault(node)?.Report;

    /// <summary>The node that has this gpu, fresh or not; null: nobody has ever told of it.</summary>
    public string? NodeOf(string gpu) =>
        _nodes.Values.FirstOrDefault(heard => heard.Report.Gpus.Any(device => device.Id == gpu))?.Report.Node;

    /// <summary>A report that was measured after this call began; null: there is no answer.</summary>
    public async Task<NodeReport?> AskAsync(string node, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{_name}/{Interlocked.Increment(ref _asked)}");
        var answer = new TaskCompletionSource<NodeReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        _questions[id] = answer;
        var began = _time.GetTimestamp();
        try
        {
            while (_time.GetElapsedTime(began) < AnswerTimeout)
            {
                await _bus.PublishAsync(Subjects.NodeQuestions, new NodeQuestion(node, id), cancellationToken);
                try
                {
                    return await answer.Task.WaitAsync(AskAgainAfter, _time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    // Lost on its way, or still being measured: the same id may be answered twice.
                }
            }

            return null;
        }
        finally
        {
            _questions.TryRemove(id, out _);
        }
    }

    private bool IsFresh(Heard heard) => _time.GetElapsedTime(heard.At) <= FreshFor;

    private sealed record Heard(NodeReport Report, long At);
}
