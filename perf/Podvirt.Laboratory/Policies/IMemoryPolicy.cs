using Podvirt.Laboratory.Simulation;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <param name="Decision">What an unused replica does now.</param>
/// <param name="Worth">What its memory is worth now: the least is evicted first.</param>
/// <param name="AskAgain">After so many seconds, unless it is used before.</param>
/// <param name="ChanceSoon">How likely it is used soon: what sleeps there and will be back is no place for others.</param>
internal readonly record struct Verdict(IdleDecision Decision, Worth Worth, double AskAgain, double ChanceSoon);

/// <summary>Says when unused replicas leave, and who leaves for others. Everything else is the same for all policies.</summary>
internal interface IMemoryPolicy
{
    /// <summary>A request came for a model that nobody had used for so long; null: for the first time.</summary>
    void Used(SimulatedModel model, double? idleSeconds);

    /// <summary>A replica became Active.</summary>
    /// <param name="level">How deep it had slept; 0: it was started.</param>
    /// <param name="seconds">From the beginning of the start or wake.</param>
    /// <param name="waiting">Requests that waited for it.</param>
    void BecameActive(SimulatedModel model, int level, double seconds, int waiting);

    /// <param name="isAsleep">Or serves, without a request.</param>
    /// <param name="idleSeconds">Since its last use.</param>
    /// <param name="waiting">Requests that wait for memory.</param>
    Verdict Judge(SimulatedModel model, bool isAsleep, double idleSeconds, double now, int waiting);

    /// <summary>
    /// Waiting seconds that level 1 saves over level 2 for each second asleep, of one that falls asleep now. Null: the policy does not tell,
    /// and a node's memory goes to whoever sleeps first.
    /// </summary>
    double? Level1Saves(SimulatedModel model, double idleSeconds, double now);
}
