using Podvirt.LocalCluster.Chaos.Load;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>
/// Every call is answered or fails honestly: with an error in the API's shape that says that the trouble is not the client's, or with a broken connection where the
/// gateway itself was killed. None hangs.
/// </summary>
internal sealed class AnswerJudge(Absences absences, Findings findings)
{
    /// <summary>The statuses of a service that cannot just now.</summary>
    private static readonly int[] s_honest = [429, 500, 502, 503, 504];

    public void Judge(ChaosCall call)
    {
        switch (call.End)
        {
            case CallEnd.Finished:
                findings.Hold(call.Oddity is null && call.Completion > 0, () => $"an answer without counts: {call}");
                findings.Hold(call.IsAborted || call.Completion == call.Plan.Tokens, () => $"an answer of another length: {call}");
                break;
            case CallEnd.ToldOfError:
                findings.Hold(call.Oddity is null, () => $"an error of another shape: {call}");
                break;
            case CallEnd.Refused:
                findings.Hold(call.Oddity is null && s_honest.Contains(call.Status), () => $"a refusal that is none of a service in trouble: {call}");
                break;
            case CallEnd.Cut:
                findings.Hold(Was(call, AbsenceKind.Killed), () => $"cut, and its gateway was not killed: {call}");
                break;
            case CallEnd.Unanswered:
                findings.Hold(Was(call, AbsenceKind.Killed, AbsenceKind.Stopped), () => $"not answered, and its gateway was there: {call}");
                break;
            case CallEnd.Hung:
                findings.Add($"hung: {call}");
                break;
        }
        findings.Hold(call.Id is not null || call.End is CallEnd.Unanswered or CallEnd.Hung, () => $"an answer without an id: {call}");
    }

    private bool Was(ChaosCall call, params AbsenceKind[] kinds) =>
        absences.Of(call.Plan.Gateway, call.BeganAt, call.EndedAt).Any(a => kinds.Contains(a.Kind));
}
