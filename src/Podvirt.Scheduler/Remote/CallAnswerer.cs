using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Remote;

/// <summary>Beside the scheduler: answers what other processes ask of it, while it leads.</summary>
internal sealed class CallAnswerer(IBus bus, IFleetControl control, IReplicaLogs logs, Func<bool> leads, ILogger<CallAnswerer> log) : BackgroundService
{
    /// <summary>Questions that wait. A lost one is answered by its asker's time-out.</summary>
    private const int QueueLengthMax = 1024;

    /// <summary>Half of the least that the bus takes as one message.</summary>
    private const int TextBytesMax = 512 * 1024;

    private readonly IBusSubscription<FleetOrder> _orders = bus.Subscribe(Subjects.FleetOrders, QueueLengthMax);
    private readonly IBusSubscription<LogQuery> _queries = bus.Subscribe(Subjects.LogQueries, QueueLengthMax);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        AnswerAsync(_orders, ObeyAsync, Subjects.FleetOrderAnswers, stoppingToken),
        AnswerAsync(_queries, ReadAsync, Subjects.LogQueryAnswers, stoppingToken));

    private async Task AnswerAsync<TQuestion, TAnswer>(
        IBusSubscription<TQuestion> questions, Func<TQuestion, CancellationToken, Task<TAnswer>> answer, Subject<TAnswer> answers,
        CancellationToken cancellationToken)
        where TQuestion : class
        where TAnswer : class
    {
        await using (questions)
        {
            await foreach (var question in questions.ReadAllAsync(cancellationToken))
            {
                if (!leads())
                {
                    continue;
                }
                try
                {
                    await bus.PublishAsync(answers, await answer(question, cancellationToken), cancellationToken);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // One asker hears nothing; the others are answered.
                    SchedulerLog.CallUnanswered(log, typeof(TQuestion).Name, error);
                }
            }
        }
    }

    private async Task<FleetOrderAnswer> ObeyAsync(FleetOrder order, CancellationToken cancellationToken)
    {
        if (!Enum.TryParse<FleetAction>(order.Action, out var action))
        {
            return new FleetOrderAnswer(order.Id, false, "unknown_action", $"The scheduler does not know the order '{order.Action}': it is of an older release than who gave it.");
        }
        var answer = await control.DoAsync(action, order.Target, cancellationToken);
        return new FleetOrderAnswer(order.Id, answer.Accepted, answer.Code, answer.Message);
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
