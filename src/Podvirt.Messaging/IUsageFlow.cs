namespace Podvirt.Messaging;

/// <summary>Whether usage that is durable here moves on to where it is billed. For health pages: nothing is refused because of it.</summary>
public interface IUsageFlow
{
    UsageFlow Now { get; }
}

/// <param name="Waiting">Records that are here only.</param>
/// <param name="Trouble">Why they do not move; empty: they do.</param>
/// <param name="Since">UTC, since when they do not; null: they do.</param>
public sealed record UsageFlow(long Waiting, string Trouble, DateTimeOffset? Since);
