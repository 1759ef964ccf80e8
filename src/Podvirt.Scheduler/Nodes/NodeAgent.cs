using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Nodes;

/// <summary>
/// Tells the bus what this machine's gpus and memory hold: every second, and at once when a scheduler asks. One measurement at a
/// time: questions that come during one are answered by the next.
/// </summary>
internal sealed class NodeAgent(NodeAgentOptions options, NodeGauge gauge, IBus bus, TimeProvider time, ILogger<NodeAgent> log) : BackgroundService
{
    /// <summary>Questions that wait for a measurement at most; whoever asked one that was dropped asks again.</summary>
    private const int QuestionsMax = 256;

    private readonly Channel<string> _questions = Channel.CreateBounded<string>(
        new BoundedChannelOptions(QuestionsMax) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await Task.WhenAll(KeepAsync(HearAsync, stoppingToken), KeepAsync(ReportAsync, stoppingToken));

    private async Task HearAsync(CancellationToken cancellationToken)
    {
        await using var subscription = bus.Subscribe(Subjects.NodeQuestions);
        await foreach (var question in subscription.ReadAllAsync(cancellationToken))
        {
            if (question.Node == options.NodeId)
            {
                _questions.Writer.TryWrite(question.Id);
            }
        }
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var answers = new List<string>();
            while (_questions.Reader.TryRead(out var id))
            {
                answers.Add(id);
            }

            await bus.PublishAsync(Subjects.NodeReports, await gauge.MeasureAsync(answers, cancellationToken), cancellationToken);
            await AskedOrDueAsync(cancellationToken);
        }
    }

    private async Task AskedOrDueAsync(CancellationToken cancellationToken)
    {
        using var due = new CancellationTokenSource(options.Interval, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(due.Token, cancellationToken);
        try
        {
            await _questions.Reader.WaitToReadAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody asked: the next report is due.
        }
    }

    private async Task KeepAsync(Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await run(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                SchedulerLog.NodeUnreported(log, options.NodeName, exception);
            }

            await Task.Delay(options.Interval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
