using Podvirt.Core.Messages;

namespace Podvirt.Fleet;

/// <summary>
/// What members see of models, replicas and transitions. An engine's own words stay with the admins: a log, or the line of one in a
/// reason, can hold another project's prompt. So do counts over all projects' records. Pure.
/// </summary>
internal static class MemberViews
{
    private static readonly string _failure = FleetViews.Name(TransitionCause.Failure);

    public static ModelList Of(ModelList models) => new([.. models.Data.Select(Of)]);

    public static ModelView Of(ModelView model)
    {
        var reason = model.Failure is { } failure ? ReasonOf(failure) : null;
        return model with
        {
            RequestsTotal = null,
            Reason = reason,
            Failure = model.Failure is null ? null : model.Failure with { Reason = reason!, LogTail = [] },
        };
    }

    public static FleetLists Of(FleetLists fleet) => fleet with { Replicas = [.. fleet.Replicas.Select(Of)] };

    public static ReplicaView Of(ReplicaView replica) => replica.Cause == _failure ? replica with { Reason = ReasonOf("It failed") } : replica;

    public static TransitionView Of(TransitionView transition) =>
        transition.Cause == _failure ? transition with { Reason = ReasonOf("It failed") } : transition;

    private static string ReasonOf(FailureView failure) => failure.Code switch
    {
        // These are the scheduler's own words.
        "model_unschedulable" => failure.Reason,
        "model_start_failed" => ReasonOf("Its last start failed"),
        "model_crashed" => ReasonOf("It died too often"),
        "model_erroring" => ReasonOf("It failed too many requests in a row"),
        "model_unreachable" => ReasonOf("Its engine does not answer"),
        _ => ReasonOf("It failed"),
    };

    private static string ReasonOf(string what) => $"{what}; an admin can see why.";
}
