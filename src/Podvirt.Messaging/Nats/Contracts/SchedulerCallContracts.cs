using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>What other processes ask of the scheduler that leads, and its answers.</summary>
internal static class SchedulerCallContracts
{
    public static MessageContract<FleetOrder> Order { get; } = new(
        version: 1,
        fields: 3,
        static (ref FieldWriter w, FleetOrder order) =>
        {
            w.Text(order.Id);
            w.Text(order.Action);
            w.Text(order.Target);
        },
        static (ref FieldReader r) => new FleetOrder(r.Text(), r.Text(), r.Text()));

    public static MessageContract<FleetOrderAnswer> OrderAnswer { get; } = new(
        version: 1,
        fields: 4,
        static (ref FieldWriter w, FleetOrderAnswer answer) =>
        {
            w.Text(answer.Id);
            w.Flag(answer.Accepted);
            w.Text(answer.Code);
            w.Text(answer.Message);
        },
        static (ref FieldReader r) => new FleetOrderAnswer(r.Text(), r.Flag(), r.Text(), r.Text()));

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

    public static MessageContract<LogQueryAnswer> QueryAnswer { get; } = new(
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
