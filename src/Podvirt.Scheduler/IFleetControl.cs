namespace Podvirt.Scheduler;

/// <summary>What an operator may ask of the scheduler.</summary>
public enum FleetAction
{
    /// <summary>A model: brings one replica to Active; from there on its idle policy holds again.</summary>
    Wake,

    /// <summary>A model: its Active replicas drain and fall asleep, until it is used; over a restart that takes its engines over too.</summary>
    Sleep,

    /// <summary>A model: its replicas drain and stop, sleepers too.</summary>
    Stop,

    /// <summary>A model: one replica at least stays Active until <see cref="Unpin"/>, over restarts as well.</summary>
    Pin,

    Unpin,

    /// <summary>A gpu: nothing is placed on it, and its replicas are replaced elsewhere or leave, until <see cref="UndrainGpu"/>; over restarts as well.</summary>
    DrainGpu,

    UndrainGpu,
}

/// <param name="Accepted">It is being done, or is so already.</param>
/// <param name="Code">Of a refusal, for programs; empty otherwise. <c>…_not_found</c> where there is no such model or gpu.</param>
/// <param name="Message">For people: what happens now; or what is wrong, and what would be right.</param>
public sealed record FleetAnswer(bool Accepted, string Code, string Message);

/// <summary>Operators' hands on the fleet.</summary>
public interface IFleetControl
{
    /// <param name="action">What to do.</param>
    /// <param name="target">A model's id, or a gpu's.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    /// <returns>As soon as it is decided, and where it has to outlive a restart written down; its effects follow.</returns>
    Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken);
}
