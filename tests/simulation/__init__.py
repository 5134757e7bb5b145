"""The assembler's loop on a model of Kafka, driven through random faults in virtual time."""
