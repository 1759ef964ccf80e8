using System.Text;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Relay;

/// <summary>What is written into a <c>usage</c> object for a client that wants to be told what its answer costs.</summary>
internal static class UsageCost
{
    /// <summary>A further member: what an engine counts has others before it. An exact decimal of USD, as text.</summary>
    public static byte[] Member(Cost cost) => Encoding.UTF8.GetBytes($",\"cost\":\"{cost}\"");
}
