"""aiokafka tells the shared stories."""

import telling
from adapter import CLIENT

telling.by(CLIENT)
