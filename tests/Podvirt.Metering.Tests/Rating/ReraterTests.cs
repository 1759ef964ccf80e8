namespace Podvirt.Metering.Tests.Rating;

public sealed class ReraterTests : ReraterContract
{
    private protected override LedgerRooms Open() => LedgerRooms.Sqlite();
}
