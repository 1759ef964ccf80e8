using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Remote;

/// <summary>Beside the scheduler: answers other processes that ask for logs, while it leads.</summary>
internal sealed class LogAnswerer(IBus bus, IReplicaLogs logs, Func<bool> leads, ILogger<LogAnswerer> log) : BackgroundService
{
    /// <summary>Questions that wait. A lost one ends with its asker's time.</summary>
    private const int QueueLengthMax = 256;

    /// <summary>Half of the least that the bus takes as one message.</summary>
    private const int TextBytesMax = 512 * 1024;

    private readonly IBusSubscription<LogQuery> _queries = bus.Subscribe(Subjects.LogQueries, QueueLengthMax);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using (_queries)
        {
            await foreach (var query in _queries.ReadAllAsync(stoppingToken))
            {
                if (leads())
                {
                    await AnswerAsync(query, stoppingToken);
                }
            }
        }
    }

    private async Task AnswerAsync(LogQuery query, CancellationToken cancellationToken)
    {
        try
        {
            await bus.PublishAsync(Subjects.LogQueryAnswers, await ReadAsync(query, cancellationToken), cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // One asker hears nothing; the others are answered.
            SchedulerLog.LogQueryUnanswered(log, query.Model, query.Replica, error);
        }
    }

    private async Task<LogQueryAnswer> ReadAsync(LogQuery query, CancellationToken cancellationToken)
    {
        if (query.Follows)
        {
            var after = query.Replica.Length == 0 ? null : new LogPart(query.Replica, query.End, default);
            var part = await logs.ReadOnAsync(query.Model, after, query.Lines, cancellationToken);
            return new LogQueryAnswer(query.Id, part.Replica.Length > 0, part.Replica, part.End, Bounded(part.Text));
        }
        var tail = query.Model.Length > 0
            ? await logs.ReadTailAsync(query.Model, query.Lines, cancellationToken)
            : await logs.ReadReplicaTailAsync(query.Replica, query.Lines, cancellationToken);
        return new LogQueryAnswer(query.Id, tail is not null, query.Replica, 0, Bounded(Encoding.UTF8.GetBytes(tail ?? "")));
    }

    private static ReadOnlyMemory<byte> Bounded(ReadOnlyMemory<byte> text)
    {
        if (text.Length <= TextBytesMax)
        {
            return text;
        }
        var end = text[^TextBytesMax..];
        return end[(end.Span.IndexOf((byte)'\n') + 1)..];
    }
}
