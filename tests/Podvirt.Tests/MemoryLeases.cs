using Microsoft.Extensions.DependencyInjection;
using Podvirt.Messaging;

namespace Podvirt.Tests;

/// <summary>Leases of one process, without a store beside them.</summary>
internal static class MemoryLeases
{
    // Nothing opens before it is asked for, and leases hold nothing.
    public static ILeases New() =>
        new ServiceCollection().AddPodvirtEmbeddedMessaging(Path.GetTempPath()).BuildServiceProvider().GetRequiredService<ILeases>();
}
