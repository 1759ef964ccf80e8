using Podvirt.Messaging.InProcess;

namespace Podvirt.Messaging.Tests.InProcess;

public sealed class InProcessBusTests : BusContract
{
    protected override IBus Bus { get; } = new InProcessBus();
}
