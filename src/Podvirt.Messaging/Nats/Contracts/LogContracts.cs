using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>Engines' logs, asked of the scheduler that leads.</summary>
internal static class LogContracts
{
    public static MessageContract<LogQuery> Query { get; } = new(
        version: 1,
        fields: 6,
        static (ref FieldWriter w, LogQuery query) =>
        {
            w.Text(query.Id);
            w.Text(query.Model);
            w.Text(query.Replica);
            w.Number(query.End);
            w.Number(query.Lines);
            w.Flag(query.Follows);
        },
        static (ref FieldReader r) => new LogQuery(r.Text(), r.Text(), r.Text(), r.Number(), r.Int(), r.Flag()));

    public static MessageContract<LogQueryAnswer> Answer { get; } = new(
        version: 1,
        fields: 5,
        static (ref FieldWriter w, LogQueryAnswer answer) =>
        {
            w.Text(answer.Id);
            w.Flag(answer.Found);
            w.Text(answer.Replica);
            w.Number(answer.End);
            w.Bytes(answer.Text);
        },
        static (ref FieldReader r) => new LogQueryAnswer(r.Text(), r.Flag(), r.Text(), r.Number(), r.Bytes()));
}
