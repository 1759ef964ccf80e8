using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The effects that change what a replica holds. A start and a wake include their canary.</summary>
internal enum IntentEffect
{
    Start,
    Sleep,
    Wake,
    Stop,
}

/// <summary>
/// What is about to be done to a replica. In the state store under <c>intents/&lt;replica&gt;</c> from before the effect
/// begins until its result is known: whoever comes after a crash reads what was under way. It survives the process and not
/// the machine, because no engine does.
/// </summary>
/// <param name="Epoch">Of the scheduler that wants it. A later one may write over it; an earlier one never does.</param>
/// <param name="Attempt">The replica's attempt, which its results carry.</param>
/// <param name="Since">UTC.</param>
internal sealed record Intent(
    long Epoch, string Replica, string Model, int Revision, IReadOnlyList<string> Gpus, int Attempt, IntentEffect Effect, DateTimeOffset Since)
{
    public const string KeyPrefix = "intents/";

    public static Intent For(long epoch, EngineTarget target, IntentEffect effect, DateTimeOffset now)
    {
        ModelSpec model = target.Model;
        return new Intent(epoch, target.Replica, model.Id, model.Revision, [.. target.Gpus.Select(gpu => gpu.Id)], target.Attempt, effect, now);
    }
}
